// Files of Go: their name and icon, and entries to make a new one. JupyterLab has
// those of Python, Julia and R, for the kernels that are installed.
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { codeIcon } from '@jupyterlab/ui-components';

const EXTENSION = '.go';

/**
 * Takes the place of JupyterLab's function: the files that the menu File > New
 * and the command palette offer besides text and Markdown.
 */
export function getAvailableKernelFileTypes(): Promise<Set<object>> {
  const go = {
    name: 'Go',
    displayName: 'Go',
    extensions: [EXTENSION],
    icon: codeIcon.name,
    mimeTypes: ['text/x-go']
  };
  return Promise.resolve(new Set([go]));
}

export const goFiles: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:go-files',
  description: 'Go files in the file browser and its menu.',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    app.docRegistry.addFileType({
      name: 'go',
      displayName: 'Go File',
      extensions: [EXTENSION],
      mimeTypes: ['text/x-go'],
      icon: codeIcon
    });
    app.contextMenu.addItem({
      command: 'filebrowser:create-new-file',
      selector: '.jp-DirListing-content',
      args: { ext: EXTENSION, label: 'New Go File', iconName: codeIcon.name },
      rank: 52
    });
  }
};
