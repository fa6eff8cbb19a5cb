/** What the pages of the site share besides their head: the lab's state goes along to those that show it. */

import { make } from "./dom.ts";

const WITH_STATE = /(?:^|\/)(?:how\.html)?(?:#.*)?$/;

/** The other pages open in tabs of their own, as formulas do: what goes on here goes on. */
export function stayHere(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>("header.top nav a:not([aria-current])")) {
    Object.assign(link, { target: "_blank", rel: "noopener" });
    link.append(make("span", { className: "unseen" }, " (another tab)"));
  }
}

/** `state` is what stands after # in the lab's address. */
export function carryState(state: string): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>("header.top a")) {
    const href = link.getAttribute("href")!;
    if (WITH_STATE.test(href)) link.setAttribute("href", href.replace(/#.*$/, "") + state);
  }
}
