// Maths: MathJax is fetched when the first formula is to be shown. JupyterLab's
// own plugin does so for any text.
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import mathjax, { MathJaxTypesetter } from '@jupyterlab/mathjax-extension';
import { ILatexTypesetter } from '@jupyterlab/rendermime';

/** What formulas begin with: $, \(, \[ and \begin{…}. */
const formula = /\$|\\\(|\\\[|\\begin\b/;

class Typesetter implements ILatexTypesetter {
  constructor(private readonly mathjax: MathJaxTypesetter) {}

  async typeset(node: HTMLElement): Promise<void> {
    if (formula.test(node.textContent ?? '')) await this.mathjax.typeset(node);
  }
}

export const math: JupyterFrontEndPlugin<ILatexTypesetter> = {
  id: 'poolbook:math',
  description: 'Shows formulas, with MathJax.',
  autoStart: true,
  provides: ILatexTypesetter,
  optional: mathjax.optional ?? [],
  activate: async (app, ...services) =>
    new Typesetter(
      (await mathjax.activate(app, ...services)) as MathJaxTypesetter
    )
};
