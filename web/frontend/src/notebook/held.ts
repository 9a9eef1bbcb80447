// The place in a cell's output where something is left out: a flood of lines or
// displays goes to the page only with its first and its last, and the server
// keeps the rest (web/internal/kernels/held.go).
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import { baseUrl } from '../page';
import { type Note, sentence } from './heldnote';

export const HELD = 'application/vnd.poolbook.held+json';

/** A notebook may be a stranger's: it leads to nothing but such an address. */
const ADDRESS = /^poolbook\/api\/kernels\/[\w-]+\/outputs\/[\w.%-]+$/;

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
