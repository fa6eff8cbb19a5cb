// Shows the norm under the pointer. The page says all of it without this script, in tables.
const grids = JSON.parse(document.getElementById("norms").textContent);
const reading = document.getElementById("reading");
for (const figure of document.querySelectorAll("figure[data-net]")) {
  const grid = grids[Number(figure.dataset.net)];
  const picture = figure.querySelector("image");
  if (!picture) continue;
  figure.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * grid.steps.length);
    const layer = Math.floor(((event.clientY - box.top) / box.height) * grid.names.length);
    const norm = grid.norms[layer]?.[column];
    reading.classList.toggle("shown", norm !== undefined);
    if (norm === undefined) return;
    const size = norm === 0 ? "exactly 0" : typeof norm === "number" ? norm.toExponential(2) : norm;
    reading.textContent = `step ${grid.steps[column]}, layer ${layer + 1} (${grid.names[layer]}): ${size}`;
    const left = Math.min(event.clientX + 14, document.documentElement.clientWidth - reading.offsetWidth - 8);
    reading.style.left = `${left}px`;
    reading.style.top = `${event.clientY + 18}px`;
  });
  figure.addEventListener("pointerleave", () => reading.classList.remove("shown"));
}
