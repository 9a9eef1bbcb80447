// Cells and files of Go as gofmt writes them, by a key and, when it is set, with
// each save.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import { IEditorTracker } from '@jupyterlab/fileeditor';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { address, request, ResponseError } from '../page';
import { COMMAND } from './formatschema';

/** Formats a text; undefined when it is already as it should be. */
async function formatted(code: string): Promise<string | undefined> {
  const answer = await request<{ code: string }>(
    'POST',
    address('poolbook/api/format'),
    { code }
  );
  return answer.code === code ? undefined : answer.code;
}

/** Formats what an editor or a cell without one has; the cursor stays on its line. */
async function format(
  model: CodeEditor.IModel,
  editor?: CodeEditor.IEditor | null
): Promise<void> {
  const before = model.sharedModel.getSource();
  if (!before.trim()) return;
  const after = await formatted(before);
  // What was typed meanwhile is not lost.
  if (after === undefined || model.sharedModel.getSource() !== before) return;
  const cursor = editor?.getCursorPosition();
  model.sharedModel.setSource(after);
  if (editor && cursor) {
    const line = Math.min(cursor.line, editor.lineCount - 1);
    const column = Math.min(cursor.column, editor.getLine(line)?.length ?? 0);
    editor.setCursorPosition({ line, column });
  }
}

const isGo = (model: CodeEditor.IModel): boolean =>
  /\bx-go\b/.test(model.mimeType);

export const formatGo: JupyterFrontEndPlugin<void> = {
  id: COMMAND,
  description: 'Formats Go.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IEditorTracker, ISettingRegistry],
  activate: (
    app,
    notebooks: INotebookTracker,
    editors: IEditorTracker | null,
    registry: ISettingRegistry | null
  ) => {
    const say = (error: unknown): void => {
      const text =
        error instanceof ResponseError ? error.message : String(error);
      Notification.warning(text, { autoClose: 6000 });
    };
    const inNotebook = (): NotebookPanel | null =>
      notebooks.currentWidget === app.shell.currentWidget
        ? notebooks.currentWidget
        : null;
    const inEditor = () =>
      editors && editors.currentWidget === app.shell.currentWidget
        ? editors.currentWidget?.content
        : null;
    const isEnabled = (): boolean => {
      const cell = inNotebook()?.content.activeCell;
      if (cell) return cell.model.type === 'code' && isGo(cell.model);
      const file = inEditor();
      return Boolean(file && isGo(file.model));
    };
    app.commands.addCommand(COMMAND, {
      label: () => (inEditor() ? 'Format File' : 'Format Cell'),
      caption: 'As gofmt writes it',
      describedBy: { args: null },
      isEnabled,
      execute: async () => {
        if (!isEnabled()) return;
        const cell = inNotebook()?.content.activeCell;
        const file = inEditor();
        try {
          if (cell) await format(cell.model, cell.editor);
          else if (file) await format(file.model, file.editor);
        } catch (error) {
          say(error);
        }
      }
    });
    let onSave = false;
    const follow = async (): Promise<void> => {
      const settings = await registry?.load(COMMAND);
      const read = (): void => {
        onSave = settings?.composite['onSave'] === true;
      };
      settings?.changed.connect(read);
      read();
    };
    void follow().catch(() => undefined);
    app.commands.commandExecuted.connect((_, { id, result }) => {
      if (!onSave || id !== 'docmanager:save') return;
      const panel = inNotebook();
      const file = inEditor();
      void result.then(async () => {
        // What cannot be formatted yet is saved as it is, and says nothing.
        const ignore = () => undefined;
        for (const cell of panel?.content.widgets ?? [])
          if (cell.model.type === 'code' && isGo(cell.model))
            await format(cell.model, cell.editor).catch(ignore);
        if (file && isGo(file.model))
          await format(file.model, file.editor).catch(ignore);
        const context = panel?.context ?? editors?.currentWidget?.context;
        if (context?.model.dirty) await context.save().catch(ignore);
      });
    });
  }
};
