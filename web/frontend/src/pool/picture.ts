// A picture of the timeline as it is seen, kept in the notebook with the jobs in
// words. It has the lanes that are in view and nothing around them.
import type { NotebookPanel } from '@jupyterlab/notebook';
import { colours } from './look';
import type { PoolModel, Worker } from './model';
import { RULER, type Timeline } from './timeline';

/** The width of the names, in CSS pixels. */
const NAMES = 110;
/** Pixels of the picture for each CSS pixel, at most: bars need no more, and the notebook stays small. */
const SHARP = 2;
/** The least distance of two names, in CSS pixels. */
const APART = 13;

/** Draws names and lanes of the workers that are in view; a PNG in base64. */
function draw(timeline: Timeline, workers: Worker[], scrolled: number): string {
  const { canvas, height: lane } = timeline;
  const ratio = Math.min(devicePixelRatio || 1, SHARP);
  const first = Math.floor(scrolled / lane);
  const room = Math.ceil((canvas.clientHeight - RULER) / lane);
  const seen = workers.slice(first, first + room);
  const height = RULER + seen.length * lane + 1;
  const width = canvas.clientWidth + NAMES;
  const look = colours(canvas);
  const whole = document.createElement('canvas');
  whole.width = Math.round(width * ratio);
  whole.height = Math.round(height * ratio);
  const context = whole.getContext('2d')!;
  context.scale(ratio, ratio);
  context.fillStyle = look.back;
  context.fillRect(0, 0, width, height);
  context.fillStyle = look.text;
  context.font = `${lane < 16 ? 10 : 12}px ${look.font}`;
  context.textBaseline = 'middle';
  const every = Math.ceil(APART / lane);
  seen.forEach((worker, i) => {
    if (i % every > 0 || i + every > seen.length) return;
    const y = RULER + i * lane + Math.max(lane, 12) / 2;
    context.fillText(worker.name, 6, y, NAMES - 10);
  });
  context.translate(NAMES, 0);
  timeline.drawOn(context, seen, 0, height);
  return whole.toDataURL('image/png').replace(/^[^,]*,/, '');
}

/** The jobs in words, the last ten. */
function summaries(model: PoolModel): string {
  const jobs = [...model.jobs.values()].sort((a, b) => a.id - b.id).slice(-10);
  const plain = (text: string): string =>
    text.replace(/[\\`*_[\]<>$|#]/g, '\\$&');
  return jobs.map(j => `- ${plain(j.summary || j.label)}`).join('\n');
}

/** Puts picture and summaries in a Markdown cell below the active one. */
export function keep(
  notebook: NotebookPanel,
  model: PoolModel,
  timeline: Timeline,
  scrolled: number
): void {
  const name = 'pool.png';
  const image = draw(timeline, model.shown, scrolled);
  notebook.model?.sharedModel.insertCell(notebook.content.activeCellIndex + 1, {
    cell_type: 'markdown',
    metadata: {},
    source: `![Timeline of ${model.tasks.length} tasks](attachment:${name})\n\n${summaries(model)}`,
    attachments: { [name]: { 'image/png': image } }
  });
  const cell = notebook.content.widgets[notebook.content.activeCellIndex + 1];
  if (cell && 'rendered' in cell) cell.rendered = true;
}
