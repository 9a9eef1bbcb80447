// Links that start a command of the page: only those that the page itself has
// made. JupyterLab's take the command's name from an attribute, which the HTML
// of a notebook can have as well.
import { CommandLinker } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

export class OwnLinks extends CommandLinker {
  private readonly registry: CommandRegistry;
  private readonly links = new WeakMap<
    Element,
    { command: string; args: ReadonlyJSONObject }
  >();

  constructor(commands: CommandRegistry) {
    super({ commands });
    this.registry = commands;
  }

  override connectNode(
    node: HTMLElement,
    command: string,
    args: ReadonlyJSONObject = {}
  ): HTMLElement {
    this.links.set(node, { command, args });
    return node;
  }

  override disconnectNode(node: HTMLElement): HTMLElement {
    this.links.delete(node);
    return node;
  }

  override handleEvent(event: Event): void {
    if (event.type !== 'click') return;
    let node = event.target instanceof Element ? event.target : null;
    for (; node; node = node.parentElement) {
      const link = this.links.get(node);
      if (!link) continue;
      event.preventDefault();
      void this.registry.execute(link.command, link.args);
      return;
    }
  }
}
