// Where this page's defaults differ from JupyterLab's.

/** Plugin → setting → default. */
export const defaults: Record<string, Record<string, unknown>> = {
  '@jupyterlab/apputils-extension:notification': {
    fetchNews: 'false',
    checkForUpdates: false
  },
  '@jupyterlab/apputils-extension:themes': {
    'adaptive-theme': true,
    'preferred-light-theme': 'Poolbook Light',
    'preferred-dark-theme': 'Poolbook Dark',
    theme: 'Poolbook Light'
  },
  '@jupyterlab/docmanager-extension:plugin': {
    autosaveInterval: 15
  },
  '@jupyterlab/completer-extension:manager': {
    autoCompletion: false
  }
};
