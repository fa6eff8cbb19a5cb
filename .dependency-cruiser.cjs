/** Imports point one way (docs/architecture.md): for each room of src, the rooms it may import; all others are refused. */

/** Written on top of tensors; they may use one another, as long as no circle comes of it. */
const PUBLIC = ["nn", "init", "optim", "data", "train", "io", "experiment"];
const BELOW_PUBLIC = ["grad", "tensor", "ops", "graph", "core", ...PUBLIC];

/** A name is a folder of src or a module right in it. `types`: what a room may import as types only. */
const ROOMS = {
  core: { imports: [] },
  graph: { imports: ["core"] },
  ops: { imports: ["graph", "core"] },
  autodiff: { imports: ["ops", "graph", "core"] },
  plan: { imports: ["ops", "graph", "core"] },
  gpu: { imports: ["core"], types: ["plan"] },
  tensor: { imports: ["ops", "graph", "core"] },
  grad: { imports: ["autodiff", "tensor", "ops", "graph", "core"] },
  ...Object.fromEntries(PUBLIC.map((room) => [room, { imports: BELOW_PUBLIC }])),
  // The step is a graph with its gradient in it, built once.
  train: { imports: [...BELOW_PUBLIC, "autodiff"] },
};
/** These join the rooms, so they may import all of them. */
const JOINTS = ["engine", "index", "cli"];

const inRooms = (names) => `^src/(?:${names.join("|")})(?:/|\\.ts$)`;

const roomRules = Object.entries(ROOMS).flatMap(([room, { imports, types = [] }]) => [
  {
    name: `${room}-imports`,
    comment: `src/${room} may import ${[room, ...imports, ...types].join(", ")}`,
    severity: "error",
    from: { path: inRooms([room]) },
    to: { path: "^src/", pathNot: inRooms([room, ...imports, ...types]) },
  },
  ...types.map((name) => ({
    name: `${room}-imports-types-of-${name}`,
    comment: `src/${room} may import only types of src/${name}`,
    severity: "error",
    from: { path: inRooms([room]) },
    to: { path: inRooms([name]), dependencyTypesNot: ["type-only"] },
  })),
]);

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: "every-room-has-a-rule",
      comment: "a new folder or module right in src needs a row in .dependency-cruiser.cjs",
      severity: "error",
      from: { path: "^src/", pathNot: [inRooms([...Object.keys(ROOMS), ...JOINTS]), "\\.d\\.ts$"] },
      to: {},
    },
    {
      name: "engine-imports-no-clients",
      comment: "the engine knows neither the public index nor the command line",
      severity: "error",
      from: { path: inRooms(["engine"]) },
      to: { path: inRooms(["index", "cli"]) },
    },
    {
      name: "index-imports-no-cli",
      comment: "the command line runs in Node only",
      severity: "error",
      from: { path: inRooms(["index"]) },
      to: { path: inRooms(["cli"]) },
    },
    {
      name: "clients-use-the-public-api",
      comment: "the demo is written as a user would write it",
      severity: "error",
      from: { path: "^demo/" },
      to: { path: "^src/", pathNot: "^src/index\\.ts$" },
    },
    {
      name: "src-imports-no-tools",
      comment: "src is what is published",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(?:test|scripts|demo|bench)/" },
    },
    {
      name: "published-dependencies-only",
      comment: "what src imports at run time must be installed with the package",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "node-only-at-the-edges",
      comment: "the engine runs in a browser; only the command line and the loaders' Node branch use Node",
      severity: "error",
      from: { path: "^src/", pathNot: inRooms(["cli", "data", "io"]) },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "no-circles",
      comment: "modules that need each other are one module; types may refer to each other",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "resolvable",
      comment: "an import that leads nowhere; @webgpu/types has types alone",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^@webgpu/types$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "\\.wgsl" },
    // Type imports are imports too: they tell what a room knows of.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default", "types"] },
  },
};
