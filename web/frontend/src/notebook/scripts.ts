// HTML outputs without their scripts. The server's policy lets no script run that
// is not the page's own, so that a notebook cannot act in the name of who reads
// it; an output that has one says so, where the browser would only tell its
// console.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  htmlRendererFactory,
  IRenderMimeRegistry,
  MimeModel,
  RenderedHTML
} from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

const NOTE =
  'A script in this output was not run: Poolbook runs no scripts of outputs, so that no notebook can act in your name.';

/** What may be a script; most outputs have nothing of it and are left alone. */
const suspect = /<script|\son[a-z]+\s*=|javascript:/i;
const tags = /<[a-z][^>]*>/gi;
const handlers = /\son[a-z]+\s*=/gi;

/** HTML without scripts, or null when it has none. The server's policy is what keeps it safe; this keeps it quiet. */
function without(html: string): string | null {
  if (!suspect.test(html)) return null;
  let found = false;
  // In the text, since the browser complains about a handler when it reads it.
  const quiet = html.replace(tags, tag =>
    tag.replace(handlers, () => {
      found = true;
      return ' data-handler=';
    })
  );
  const { head, body } = new DOMParser().parseFromString(quiet, 'text/html');
  for (const node of [head, body].flatMap(n => [...n.querySelectorAll('*')])) {
    if (node.localName === 'script') {
      found = true;
      node.remove();
      continue;
    }
    for (const { name, value } of [...node.attributes]) {
      if (!/^\s*javascript:/i.test(value)) continue;
      found = true;
      node.removeAttribute(name);
    }
  }
  return found ? head.innerHTML + body.innerHTML : null;
}

class Scriptless extends RenderedHTML {
  override async render(model: IRenderMime.IMimeModel): Promise<void> {
    const type = 'text/html';
    const html = without(String(model.data[type] ?? ''));
    if (html === null) return super.render(model);
    const { trusted, metadata } = model;
    const data = { ...model.data, [type]: html };
    await super.render(new MimeModel({ data, metadata, trusted }));
    const note = document.createElement('p');
    note.className = 'pb-Note';
    note.setAttribute('role', 'note');
    note.textContent = NOTE;
    this.node.append(note);
  }
}

export const scripts: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:scripts',
  description: 'Shows HTML outputs without their scripts, and says so.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  activate: (_app, registry: IRenderMimeRegistry) => {
    registry.addFactory(
      {
        ...htmlRendererFactory,
        createRenderer: options => new Scriptless(options)
      },
      (htmlRendererFactory.defaultRank ?? 50) - 1
    );
  }
};
