// A picture of the timeline as it is seen, kept in the notebook.
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { PoolModel, Worker } from './model';
import { LANE, RULER } from './timeline';

/** The width of the names, in CSS pixels. */
const NAMES = 120;

/** Draws names and lanes of the workers that are in view; a PNG in base64. */
function draw(
  canvas: HTMLCanvasElement,
  workers: Worker[],
  scrolled: number
): string {
  const ratio = canvas.width / Math.max(1, canvas.clientWidth);
  const seen = Math.min(
    canvas.clientHeight,
    RULER + workers.length * LANE - scrolled
  );
  const style = getComputedStyle(canvas);
  const whole = document.createElement('canvas');
  whole.width = Math.round((canvas.clientWidth + NAMES) * ratio);
  whole.height = Math.round(seen * ratio);
  const context = whole.getContext('2d')!;
  context.scale(ratio, ratio);
  context.fillStyle = style.getPropertyValue('--jp-layout-color1');
  context.fillRect(0, 0, whole.width, whole.height);
  context.fillStyle = style.getPropertyValue('--jp-ui-font-color1');
  context.font = `12px ${style.fontFamily}`;
  context.textBaseline = 'middle';
  workers.forEach((worker, i) => {
    const y = RULER + (i + 0.5) * LANE - scrolled;
    if (y > RULER && y < seen) context.fillText(worker.name, 6, y, NAMES - 12);
  });
  context.scale(1 / ratio, 1 / ratio);
  context.drawImage(canvas, NAMES * ratio, 0);
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
  canvas: HTMLCanvasElement,
  scrolled: number
): void {
  const name = 'pool.png';
  const image = draw(canvas, model.shown, scrolled);
  notebook.model?.sharedModel.insertCell(notebook.content.activeCellIndex + 1, {
    cell_type: 'markdown',
    metadata: {},
    source: `![Timeline of ${model.tasks.length} tasks](attachment:${name})\n\n${summaries(model)}`,
    attachments: { [name]: { 'image/png': image } }
  });
  const cell = notebook.content.widgets[notebook.content.activeCellIndex + 1];
  if (cell && 'rendered' in cell) cell.rendered = true;
}
