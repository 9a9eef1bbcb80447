// Light and dark: JupyterLab's variables with a few of our own on top. The
// sheets are text in the script, so that changing the theme asks for no file.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IThemeManager } from '@jupyterlab/apputils';
import light from '@jupyterlab/theme-light-extension/style/theme.css?text';
import dark from '@jupyterlab/theme-dark-extension/style/theme.css?text';
import ownLight from './light.css?text';
import ownDark from './dark.css?text';

const sheet = document.createElement('style');

function register(
  manager: IThemeManager,
  name: string,
  isLight: boolean,
  text: string
): void {
  manager.register({
    name,
    displayName: name.replace('Poolbook ', ''),
    isLight,
    themeScrollbars: !isLight,
    load: async () => {
      sheet.textContent = text;
      if (!sheet.isConnected) document.head.append(sheet);
    },
    unload: async () => undefined
  });
}

export const themes: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:themes',
  description: 'The light and the dark theme.',
  autoStart: true,
  requires: [IThemeManager],
  activate: (app, manager: IThemeManager) => {
    register(manager, 'Poolbook Light', true, light + ownLight);
    register(manager, 'Poolbook Dark', false, dark + ownDark);
    // As long as the system's theme is followed, JupyterLab's command only ends that.
    app.commands.commandExecuted.connect((_, { id, args, result }) => {
      if (id !== 'apputils:change-theme') return;
      const theme = String(args['theme']);
      void result.then(() => {
        if (manager.theme !== theme) return manager.setTheme(theme);
      });
    });
  }
};
