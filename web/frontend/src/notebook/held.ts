// The place in a cell's output where something is left out: a flood of lines or
// displays goes to the page only with its first and its last, and the server
// keeps the rest (web/internal/kernels/held.go).
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import { baseUrl } from '../page';

export const HELD = 'application/vnd.poolbook.held+json';

/** What the server says of outputs that it holds back. */
interface Note {
  lines?: number;
  displays?: number;
  bytes?: number;
  /** Bytes that are not kept. */
  lost?: number;
  url?: string;
  /** The last lines so far, while more may come. */
  last?: string;
}

/** A notebook may be a stranger's: it leads to nothing but such an address. */
const ADDRESS = /^poolbook\/api\/kernels\/[\w-]+\/outputs\/[\w.%-]+$/;

/** A number of bytes for people. */
export function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  let unit = 0;
  let n = bytes;
  while (n >= 1000 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  return `${n < 10 && unit > 0 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

function counted(n: number, word: string): string {
  return `${n.toLocaleString('en')} more ${word}${n === 1 ? '' : 's'}`;
}

/** What is left out, in words; an empty text when nothing is. */
export function sentence(note: Note): string {
  const parts: string[] = [];
  if (note.lines) parts.push(counted(note.lines, 'line'));
  if (note.displays) parts.push(counted(note.displays, 'display'));
  if (!parts.length && !note.bytes) return '';
  if (!parts.length) parts.push('More of this line');
  const lost = note.lost ? `; ${size(note.lost)} of it are not kept` : '';
  return `${parts.join(' and ')} (${size(note.bytes ?? 0)}${lost})`;
}

class Held extends Widget implements IRenderMime.IRenderer {
  constructor() {
    super();
    this.addClass('pb-Held');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const note = (model.data[HELD] ?? {}) as Note;
    const text = sentence(note);
    this.node.hidden = text === '';
    this.node.replaceChildren();
    if (!text) return;
    const line = document.createElement('p');
    line.append(text + (note.last ? ' so far. ' : ' are not shown here. '));
    if (typeof note.url === 'string' && ADDRESS.test(note.url)) {
      const open = document.createElement('a');
      open.href = baseUrl + note.url;
      open.target = '_blank';
      open.rel = 'noopener';
      open.textContent = 'Open';
      const save = document.createElement('a');
      save.href = `${open.href}?download=1`;
      save.download = 'output.txt';
      save.textContent = 'Download';
      line.append(open, ' · ', save);
    }
    this.node.append(line);
    if (note.last) {
      const last = document.createElement('pre');
      last.textContent = note.last;
      this.node.append(last);
    }
  }
}

export const held: IRenderMime.IExtensionModule = {
  default: {
    id: 'poolbook:held',
    description: 'Shows where outputs are left out, and where they are.',
    rank: 0,
    dataType: 'json',
    rendererFactory: {
      safe: true,
      mimeTypes: [HELD],
      defaultRank: 1,
      createRenderer: () => new Held()
    }
  }
};
