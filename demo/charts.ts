/** The charts on the page: drawn where they can be seen, a few in each frame, so that the page stays at hand; and the table behind each. */
import { find } from "./dom.ts";
import type { History } from "./history.ts";
import type { Theme } from "./palette.ts";
import { fillTable } from "./table.ts";
import { drawnAll, VIEWS, type View } from "./views.ts";

export interface Run {
  readonly history: History;
  /** Its colour and dash. */
  readonly colour: number;
}

/** What is to be seen. */
export interface Scene {
  /** Null before a run. */
  readonly current: History | null;
  /** The net that is trained, or would be: its layers with weights, as far as they are known. */
  readonly planned: { readonly count: number; readonly skips: boolean };
  /** All that are compared, the current one last. */
  readonly runs: readonly Run[];
  readonly theme: Theme;
  /** The layer that is looked at. */
  readonly layer: number;
}

/** A frame has 16 ms; what a few charts leave of it is for the browser, which lays out and paints them, and for whoever uses the page. */
const MILLISECONDS_A_FRAME = 8;
const VIEWS_A_FRAME = 3;
/** One table in so many milliseconds: nobody reads numbers that change faster. */
const TABLE_AFTER = 60;

export class Charts {
  private readonly shown = new Set<View>();
  private readonly dirty = new Set<View>();
  private readonly dirtyTables = new Set<View>();
  private scene: Scene | null = null;
  private waiting = false;
  private tableAt = Number.NEGATIVE_INFINITY;

  constructor() {
    // A table that scrolls is reached by the keyboard.
    for (const scroll of document.querySelectorAll<HTMLElement>(".scroll")) scroll.tabIndex = 0;
    const viewOf = new Map<Element, View>(VIEWS.map((view) => [find(`#${view.name}`), view]));
    const seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries)
        if (isIntersecting) this.shown.add(viewOf.get(target)!);
        else this.shown.delete(viewOf.get(target)!);
      this.workSoon();
    });
    const resized = new ResizeObserver((entries) => {
      for (const { target } of entries) this.dirty.add(viewOf.get(target)!);
      this.workSoon();
    });
    for (const [element, view] of viewOf) {
      seen.observe(element);
      resized.observe(element);
      tableOf(view)?.addEventListener("toggle", () => {
        this.dirtyTables.add(view);
        this.tableAt = Number.NEGATIVE_INFINITY;
        this.workSoon();
      });
    }
  }

  show(scene: Scene): void {
    this.scene = scene;
    for (const view of VIEWS) {
      find<HTMLElement>(`#${view.name}`).closest("figure")!.hidden = view.hidden?.(scene) ?? false;
      this.dirty.add(view);
      this.dirtyTables.add(view);
    }
    this.workSoon();
  }

  /** In the next frame, once in each. */
  private workSoon(): void {
    if (this.waiting || !this.scene) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.work(this.scene!);
      if (nextOf(this.dirty, (view) => this.shown.has(view))) this.workSoon();
      else if (nextOf(this.dirtyTables, isOpen)) setTimeout(() => this.workSoon(), TABLE_AFTER);
    });
  }

  /** What has been drawn goes to the end of the row, so that each has its turn. */
  private work(scene: Scene): void {
    const began = performance.now();
    for (let drawn = 0; drawn < VIEWS_A_FRAME && performance.now() - began < MILLISECONDS_A_FRAME; drawn++) {
      const view = nextOf(this.dirty, (one) => this.shown.has(one));
      if (!view) break;
      this.dirty.delete(view);
      view.draw(scene);
    }
    // After the charts, whose sizes are asked for: a table changes the layout.
    const view = began - this.tableAt >= TABLE_AFTER ? nextOf(this.dirtyTables, isOpen) : null;
    if (!view) return;
    this.tableAt = began;
    this.dirtyTables.delete(view);
    fillFrom(tableOf(view)!, view, scene);
  }

  /** All of them, wherever they are: their titles, and what was drawn. */
  async drawn(): Promise<{ readonly title: string; readonly canvas: HTMLCanvasElement }[]> {
    const { scene } = this;
    if (!scene) return [];
    const views = VIEWS.filter((view) => !view.hidden?.(scene));
    for (const view of views) view.draw(scene);
    await drawnAll();
    return views.flatMap((view) => {
      const element = find<HTMLElement>(`#${view.name}`);
      const canvas = element instanceof HTMLCanvasElement ? element : element.querySelector("canvas");
      // Of those that are not looked at there is nothing to take away.
      if (!canvas || element.clientWidth === 0) return [];
      return [{ title: element.closest("figure")!.querySelector("figcaption")!.firstChild!.textContent!.trim(), canvas }];
    });
  }
}

const tableOf = (view: View): HTMLDetailsElement | null => document.querySelector<HTMLDetailsElement>(`#${view.name}-table`);

const isOpen = (view: View): boolean => tableOf(view)?.open === true;

function nextOf(views: ReadonlySet<View>, wanted: (view: View) => boolean): View | null {
  for (const view of views) if (wanted(view)) return view;
  return null;
}

function fillFrom(table: HTMLDetailsElement, view: View, scene: Scene): void {
  const { heads, rows } = view.table!(scene);
  fillTable(table.querySelector("section")!, heads, rows);
}
