/** An element with a class and a text. */
export function element(tag: string, name: string, text = ''): HTMLElement {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
}

/** Changes an element's text, when it is another one. */
export function say(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** A button; its label is its text, unless another one is given. */
export function button(
  text: string,
  act: () => void,
  label = ''
): HTMLButtonElement {
  const node = document.createElement('button');
  node.type = 'button';
  node.className = 'pb-Button';
  node.textContent = text;
  if (label) {
    node.setAttribute('aria-label', label);
    node.title = label;
  }
  node.addEventListener('click', act);
  return node;
}
