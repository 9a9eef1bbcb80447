// Asks a notebook's kernel about the name at a place of an editor.
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { MimeModel } from '@jupyterlab/rendermime';
import { syntaxTree } from '@codemirror/language';
import type { EditorView, Tooltip } from '@codemirror/view';

/** Where the name at a place begins and ends; undefined where there is none: in comments, in texts, between names. */
export function nameAt(
  view: EditorView,
  position: number
): { from: number; to: number } | undefined {
  const word = view.state.wordAt(position);
  if (!word) return undefined;
  const text = view.state.sliceDoc(word.from, word.to);
  if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(text)) return undefined;
  const { name } = syntaxTree(view.state).resolveInner(position, 1);
  if (/comment|string|rune/i.test(name)) return undefined;
  return word;
}

function panelOf(
  view: EditorView,
  notebooks: INotebookTracker
): NotebookPanel | undefined {
  return notebooks.find(panel => panel.content.node.contains(view.dom));
}

/** The documentation of the name at a place, null where there is none or the kernel is busy. */
export async function documentation(
  view: EditorView,
  position: number,
  notebooks: INotebookTracker,
  rendermime: IRenderMimeRegistry
): Promise<Tooltip | null> {
  const name = nameAt(view, position);
  const kernel = panelOf(view, notebooks)?.sessionContext.session?.kernel;
  // A kernel that runs a cell would answer when the pointer is long gone.
  if (!name || kernel?.status !== 'idle') return null;
  const before = view.state.doc;
  // Offsets of the protocol count code points.
  const cursor = [...view.state.sliceDoc(0, name.to)].length;
  const { content } = await kernel.requestInspect({
    code: view.state.doc.toString(),
    cursor_pos: cursor,
    detail_level: 0
  });
  if (content.status !== 'ok' || !content.found) return null;
  if (view.state.doc !== before) return null;
  const model = new MimeModel({
    data: content.data,
    metadata: content.metadata
  });
  const type = rendermime.preferredMimeType(model.data, 'any');
  if (!type) return null;
  const renderer = rendermime.createRenderer(type);
  await renderer.renderModel(model);
  return {
    pos: name.from,
    end: name.to,
    above: true,
    create: () => {
      const dom = document.createElement('div');
      dom.className = 'pb-Hover';
      dom.append(renderer.node);
      return { dom, destroy: () => renderer.dispose() };
    }
  };
}
