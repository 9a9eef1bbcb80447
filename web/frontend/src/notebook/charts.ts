// Vega and Vega-Lite charts, by JupyterLab's renderer. The library (250 kB on the
// wire) is fetched with the first chart.
import { MimeModel } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import extension, { RenderedVega } from '@jupyterlab/vega5-extension';
import '@jupyterlab/vega5-extension/style/index.js';

/**
 * How charts are drawn unless their metadata says otherwise. As SVG they are sharp
 * at any size, and a screen reader finds what is in them. Their menu saves pictures;
 * its other entries lead to another host.
 */
const defaults = () => ({
  renderer: 'svg',
  actions: { export: true, source: false, compiled: false, editor: false },
  // The page's ground: the library's dark theme has a grey of its own.
  config: {
    background: getComputedStyle(document.body)
      .getPropertyValue('--jp-layout-color1')
      .trim()
  }
});

/** Expressions of a chart, which may be a stranger's, are interpreted: none becomes a function of the page. */
const always = { ast: true };

type Metadata = { embed_options?: Record<string, unknown> } | undefined;

/** The other hosts that a specification wants data from. The page's policy lets none of them be asked. */
function hosts(spec: unknown, found = new Set<string>()): Set<string> {
  if (typeof spec !== 'object' || spec === null) return found;
  for (const [key, value] of Object.entries(spec)) {
    if (key === 'url' && typeof value === 'string' && URL.canParse(value)) {
      const { protocol, host } = new URL(value);
      if (/^https?:$/.test(protocol) && host !== location.host) found.add(host);
    } else if (key !== 'values') hosts(value, found);
  }
  return found;
}

class Chart extends RenderedVega {
  private readonly type: string;

  constructor(options: IRenderMime.IRendererOptions) {
    super(options);
    this.type = options.mimeType;
  }

  override async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const given = model.metadata[this.type] as Metadata;
    const embed_options = { ...defaults(), ...given?.embed_options, ...always };
    const metadata = {
      ...model.metadata,
      [this.type]: { ...given, embed_options }
    };
    try {
      await super.renderModel(
        new MimeModel({
          data: model.data,
          metadata: metadata as MimeModel.IOptions['metadata'],
          trusted: model.trusted,
          // The picture of the chart, for front ends that draw none: the given metadata stays as it is.
          callback: ({ data }) => model.setData({ data })
        })
      );
    } catch (error) {
      this.node.replaceChildren();
      const text = error instanceof Error ? error.message : String(error);
      this.say(`This chart cannot be drawn: ${text}`);
    }
    this.node
      .querySelector('summary')
      ?.setAttribute('aria-label', 'Save the chart as a picture');
    const others = [...hosts(model.data[this.type])];
    if (others.length)
      this.say(
        `Data from ${others.join(', ')} was not loaded: the page asks no server but its own. ` +
          'Fetch it in a cell, and save it beside the notebook or put it into the chart.'
      );
  }

  /** Says something below the chart, in place of what was said before: a chart is drawn again when its picture is there. */
  private say(text: string): void {
    this.node.querySelector('.pb-Note')?.remove();
    const note = document.createElement('p');
    note.className = 'pb-Note';
    note.setAttribute('role', 'note');
    note.textContent = text;
    this.node.append(note);
  }
}

export const charts: IRenderMime.IExtensionModule = {
  default: {
    ...extension,
    rendererFactory: {
      ...extension.rendererFactory,
      createRenderer: options => new Chart(options)
    }
  }
};
