// A JupyterLab from npm packages that takes extensions: Poolbook's page without
// its own pool panel, as a host of module federation. Loads what LabExtension
// names: the folder /static/lab/ has a copy of the built extension.
import('./bootstrap.js');
