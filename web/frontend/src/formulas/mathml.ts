// TeX as MathML, which browsers show without fonts or scripts: by MathJax, with
// the same packages of TeX as in the notebook's page.
import { browserAdaptor } from 'mathjax-full/js/adaptors/browserAdaptor';
import { STATE } from 'mathjax-full/js/core/MathItem';
import { SerializedMmlVisitor } from 'mathjax-full/js/core/MmlTree/SerializedMmlVisitor';
import type { MmlNode } from 'mathjax-full/js/core/MmlTree/MmlNode';
import { HTMLHandler } from 'mathjax-full/js/handlers/html/HTMLHandler';
import { TeX } from 'mathjax-full/js/input/tex';
import { AllPackages } from 'mathjax-full/js/input/tex/AllPackages';
import { mathjax } from 'mathjax-full/js/mathjax';
import { SafeHandler } from 'mathjax-full/js/ui/safe/SafeHandler';

/** What a formula stands between, and whether it has a line of its own. */
const DELIMITERS: [RegExp, boolean][] = [
  [/^\$\$([^]*)\$\$$/, true],
  [/^\\\[([^]*)\\\]$/, true],
  [/^\\\(([^]*)\\\)$/, false],
  [/^\$([^]*)\$$/, false],
  [/^(\\begin\{[^]*)$/, true]
];

function converter(): (tex: string, display: boolean) => string {
  const handler = SafeHandler(new HTMLHandler(browserAdaptor()));
  mathjax.handlers.register(handler);
  // Proof trees are laid out by measuring them, which only a page's own output does.
  const packages = AllPackages.filter(name => name !== 'bussproofs');
  const input = new TeX({ packages });
  const formulas = mathjax.document(
    document.implementation.createHTMLDocument(),
    {
      InputJax: input
    }
  );
  mathjax.handlers.unregister(handler);
  const visitor = new SerializedMmlVisitor();
  return (tex, display) =>
    visitor.visitTree(
      formulas.convert(tex, { display, end: STATE.CONVERT }) as MmlNode
    );
}

/** Replaces the TeX in elements of class "tex" below a node; one that is no formula stays as it is. */
export function typeset(root: ParentNode): void {
  const elements = [...root.querySelectorAll('.tex')];
  if (!elements.length) return;
  const convert = converter();
  for (const element of elements) {
    const text = element.textContent?.trim() ?? '';
    const found = DELIMITERS.find(([form]) => form.test(text));
    if (!found) continue;
    const [form, display] = found;
    try {
      const mathml = convert(form.exec(text)![1]!, display);
      // What TeX does not know is better read as it is written.
      if (mathml.includes('<merror')) continue;
      element.innerHTML = mathml;
      element.setAttribute('title', text);
    } catch (error) {
      console.debug(text, error);
    }
  }
}
