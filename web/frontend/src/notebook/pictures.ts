// Pictures that are attached to a cell. JupyterLab writes them into the page
// under their name in the notebook, and gives them their address right after; a
// browser asks for the name in between and says in the console that there is no
// such thing. Here they are elements of our own until they have their address.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISanitizer } from '@jupyterlab/apputils';

const NAME = 'pb-picture';

/** Becomes a picture with its attributes when it is given an address. */
class Picture extends HTMLElement {
  static readonly observedAttributes = ['src'];

  attributeChangedCallback(_: string, before: string | null): void {
    // Its name in the notebook is what it was made with.
    if (before === null) return;
    const image = document.createElement('img');
    for (const { name, value } of this.attributes)
      image.setAttribute(name, value);
    this.replaceWith(image);
  }
}

/** As the sanitizer writes them: in attributes, < and > are escaped. */
const attached = /<img(\s(?:[^<>]*\s)?src="attachment:[^<>]*?)\s*\/?>/g;

export const pictures: JupyterFrontEndPlugin<void> = {
  id: 'poolbook:pictures',
  description: 'Shows pictures that are attached to cells.',
  autoStart: true,
  requires: [ISanitizer],
  activate: (_app, sanitizer: ISanitizer) => {
    customElements.define(NAME, Picture);
    const sanitize = sanitizer.sanitize.bind(sanitizer);
    sanitizer.sanitize = (dirty, options) =>
      sanitize(dirty, options).replace(attached, `<${NAME}$1></${NAME}>`);
  }
};
