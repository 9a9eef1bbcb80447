// Mouse, fingers and keys on the timeline.
import type { Timeline } from './timeline';

export interface Gestures {
  /** What is seen has become other. */
  moved(): void;
  /** Pauses or follows. */
  toggle(): void;
  /** The pointer is over a place; null when it has left. */
  point(event: PointerEvent | null): void;
  /** Whether a wheel without Ctrl is for scrolling the lanes. */
  scrolls(): boolean;
}

/** Gives a timeline's canvas its gestures. They end with the canvas. */
export function listen(timeline: Timeline, to: Gestures): void {
  wheel(timeline, to);
  pointers(timeline, to);
  keys(timeline, to);
  timeline.canvas.addEventListener('dblclick', () => {
    timeline.fit();
    to.moved();
  });
}

function wheel(timeline: Timeline, to: Gestures): void {
  timeline.canvas.addEventListener(
    'wheel',
    event => {
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY))
        timeline.pan(event.deltaX);
      else if (event.shiftKey) timeline.pan(event.deltaY);
      else if (event.ctrlKey || event.metaKey || !to.scrolls())
        timeline.zoom(Math.exp(event.deltaY * 0.0015), event.offsetX);
      else return;
      event.preventDefault();
      to.moved();
    },
    { passive: false }
  );
}

/** One pointer pans, two zoom by their distance. */
function pointers(timeline: Timeline, to: Gestures): void {
  const { canvas } = timeline;
  const held = new Map<number, number>();
  canvas.addEventListener('pointerdown', event => {
    held.set(event.pointerId, event.offsetX);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', event => {
    const before = held.get(event.pointerId);
    const moved = event.offsetX - (before ?? event.offsetX);
    if (before !== undefined && Math.abs(moved) > 2) {
      const others = [...held].filter(([id]) => id !== event.pointerId);
      held.set(event.pointerId, event.offsetX);
      const fixed = others[0]?.[1];
      if (fixed === undefined) timeline.pan(-moved);
      else {
        const distance = Math.max(8, Math.abs(before - fixed));
        const now = Math.max(8, Math.abs(event.offsetX - fixed));
        timeline.zoom(distance / now, fixed);
      }
      to.moved();
    }
    to.point(event);
  });
  const release = (event: PointerEvent): void =>
    void held.delete(event.pointerId);
  canvas.addEventListener('pointerup', release);
  canvas.addEventListener('pointercancel', release);
  canvas.addEventListener('pointerleave', () => to.point(null));
}

function keys(timeline: Timeline, to: Gestures): void {
  const { canvas } = timeline;
  const middle = (): number => canvas.clientWidth / 2;
  const acts: Record<string, () => void> = {
    ArrowLeft: () => timeline.pan(-60),
    ArrowRight: () => timeline.pan(60),
    PageUp: () => timeline.pan(-canvas.clientWidth * 0.8),
    PageDown: () => timeline.pan(canvas.clientWidth * 0.8),
    '+': () => timeline.zoom(0.7, middle()),
    '=': () => timeline.zoom(0.7, middle()),
    '-': () => timeline.zoom(1.4, middle()),
    Home: () => timeline.fit(),
    End: () => timeline.follow(),
    ' ': () => to.toggle()
  };
  canvas.addEventListener('keydown', event => {
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
    to.moved();
  });
}
