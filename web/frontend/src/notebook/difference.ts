// What to do with a document that was changed both here and elsewhere: the
// difference in words a person can read, and the choice. Fetched when it is needed.
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type * as nbformat from '@jupyterlab/nbformat';
import type { Contents } from '@jupyterlab/services';
import { Widget } from '@lumino/widgets';
import { diffLines } from 'diff';
import { cells, type Part } from './cells';
import { allow, foreignVersion, setForeign } from './saving';

/** The parts of a document that differ; a notebook's are its cells. */
function parts(context: DocumentRegistry.Context, model: unknown): Part[] {
  const mine = context.model.toString();
  if (typeof model === 'string')
    return mine === model ? [] : [{ name: context.path, mine, theirs: model }];
  return cells(
    JSON.parse(mine) as nbformat.INotebookContent,
    model as nbformat.INotebookContent
  );
}

/** The lines of a part: those only here, those only elsewhere, and some around them. */
function render(part: Part): HTMLElement {
  const section = document.createElement('section');
  const title = document.createElement('h3');
  title.textContent = part.name;
  const pre = document.createElement('pre');
  section.append(title, pre);
  const line = (kind: string, mark: string, text: string): void => {
    const node = document.createElement('span');
    node.className = `pb-Difference-${kind}`;
    node.textContent = `${mark} ${text}\n`;
    pre.append(node);
  };
  for (const { value, added, removed } of diffLines(
    part.theirs ?? '',
    part.mine ?? ''
  )) {
    const lines = value.replace(/\n$/, '').split('\n');
    if (added) lines.forEach(text => line('mine', '+', text));
    else if (removed) lines.forEach(text => line('theirs', '−', text));
    else if (lines.length <= 6) lines.forEach(text => line('both', ' ', text));
    else {
      lines.slice(0, 3).forEach(text => line('both', ' ', text));
      line('gap', '⋯', `${lines.length - 6} lines are the same`);
      lines.slice(-3).forEach(text => line('both', ' ', text));
    }
  }
  return section;
}

function body(text: string, differing: Part[]): Widget {
  const widget = new Widget();
  widget.addClass('pb-Difference');
  const about = document.createElement('p');
  about.textContent = text;
  widget.node.append(about);
  if (differing.length) {
    const key = document.createElement('p');
    key.className = 'pb-Difference-key';
    key.innerHTML =
      '<span class="pb-Difference-mine">+ only here</span> <span class="pb-Difference-theirs">− only in the file</span>';
    widget.node.append(key, ...differing.map(render));
  }
  return widget;
}

let isOpen = false;

/** Asks whose version is to stay; nothing is lost unasked, and calling it off leaves everything as it was. */
export async function resolve(
  contents: Contents.IManager,
  context: DocumentRegistry.Context
): Promise<void> {
  const version = foreignVersion(context);
  if (!version || isOpen || context.isDisposed) return;
  isOpen = true;
  try {
    if (version === 'gone') {
      const { button } = await showDialog({
        title: 'The file is not there any more',
        body: `"${context.path}" was renamed, moved or deleted elsewhere. What you have here can be saved under this name anew.`,
        buttons: [
          Dialog.cancelButton(),
          Dialog.okButton({ label: 'Save anew' })
        ]
      });
      if (!button.accept) return;
      allow(context, version);
      return await context.save();
    }
    const model = await contents.get(context.path, {
      content: true,
      hash: true,
      type: context.contentsModel?.type ?? 'file'
    });
    const differing = parts(context, model.content);
    const text = differing.length
      ? `"${context.path}" was saved elsewhere, after this page had read it.`
      : `"${context.path}" was saved elsewhere: with the same text, and other outputs or metadata.`;
    const { button } = await showDialog({
      title: 'Changed here and elsewhere',
      body: body(text, differing),
      defaultButton: 0,
      buttons: [
        Dialog.cancelButton({ label: 'Decide later' }),
        Dialog.warnButton({ label: 'Load the file', actions: ['load'] }),
        Dialog.warnButton({
          label: 'Overwrite the file',
          actions: ['overwrite']
        })
      ]
    });
    if (context.isDisposed) return;
    if (button.actions.includes('load')) {
      await context.revert();
      setForeign(context);
    } else if (button.actions.includes('overwrite')) {
      allow(context, { hash: model.hash ?? model.last_modified });
      await context.save();
    }
  } catch (error) {
    if ((error as Error).name !== 'ModalCancelError') throw error;
  } finally {
    isOpen = false;
  }
}
