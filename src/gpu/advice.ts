/** What to do about missing WebGPU, for the browser at hand. */

const ADVICE: readonly { readonly match: RegExp; readonly text: string }[] = [
  {
    match: /Firefox/,
    text: "In Firefox set dom.webgpu.enabled to true in about:config (on by default from 141 on Windows, 145 on macOS), and see about:support, Graphics, for a blocked GPU",
  },
  { match: /Edg\//, text: "In Edge 113 or newer see edge://gpu; on Linux start it with --enable-unsafe-webgpu --enable-features=Vulkan" },
  { match: /Android.*Chrome/, text: "Chrome for Android has WebGPU from 121 on, on Android 12 or newer" },
  {
    match: /HeadlessChrome/,
    text: "Start headless Chromium with --enable-unsafe-webgpu, and without a GPU also --use-webgpu-adapter=swiftshader",
  },
  {
    match: /Chrome/,
    text: "In Chrome 113 or newer see chrome://gpu; on Linux start it with --enable-unsafe-webgpu --enable-features=Vulkan, and without a GPU with --use-webgpu-adapter=swiftshader",
  },
  { match: /Safari/, text: "Safari has WebGPU from 26 on (macOS 26, iOS 26); in 18 turn it on under Settings, Feature Flags" },
  { match: /Node/, text: "In Node install the npm package webgpu and pass open({ gpu: create([]) })" },
];

export function browserAdvice(userAgent: string = globalThis.navigator?.userAgent ?? "Node"): string {
  const found = ADVICE.find(({ match }) => match.test(userAgent));
  return `${found?.text ?? "Use a current Chrome, Edge, Firefox or Safari"}.`;
}
