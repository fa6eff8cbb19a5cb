/** What the pages of the site share besides their head: the lab's state goes along to those that show it. */

const WITH_STATE = /(?:^|\/)(?:how\.html)?(?:#.*)?$/;

/** `state` is what stands after # in the lab's address. */
export function carryState(state: string): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>("header.top a")) {
    const href = link.getAttribute("href")!;
    if (WITH_STATE.test(href)) link.setAttribute("href", href.replace(/#.*$/, "") + state);
  }
}
