// Go is written as gofmt writes it: indented with tabs.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  EditorExtensionRegistry,
  IEditorExtensionRegistry
} from '@jupyterlab/codemirror';
import { indentUnit, language } from '@codemirror/language';
import { Prec } from '@codemirror/state';

/** In code of other languages the unit is the one that is set. */
const tabs = Prec.highest(
  indentUnit.computeN([language], state =>
    state.facet(language)?.name === 'go' ? ['\t'] : []
  )
);

export const goTabs: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:go-tabs',
  description: 'Indents Go with tabs.',
  autoStart: true,
  requires: [IEditorExtensionRegistry],
  activate: (_app, editors: IEditorExtensionRegistry) => {
    editors.addExtension({
      name: 'poolbook:go-tabs',
      factory: () => EditorExtensionRegistry.createImmutableExtension(tabs)
    });
  }
};
