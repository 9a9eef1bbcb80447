// The packages that JupyterLab brings to its extensions, as far as the pool
// panel uses them; nothing of them is in the extension.
export const shared = [
  '@jupyterlab/application',
  '@jupyterlab/apputils',
  '@jupyterlab/notebook',
  '@jupyterlab/ui-components',
  '@lumino/disposable',
  '@lumino/signaling',
  '@lumino/widgets'
];
