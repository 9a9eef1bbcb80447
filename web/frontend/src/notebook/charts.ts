// Vega and Vega-Lite charts. The library (250 kB on the wire) is fetched with the
// first chart.
//
// A chart is a program: its expressions see the page's events, its data and
// pictures are fetched in the name of who reads the notebook, and the options of
// vega-embed, which a file may bring, can undo any of what follows. So
//
//   - expressions are interpreted: none becomes a function of the page;
//   - a chart of a notebook that is not trusted is a still picture: it loads
//     nothing, hears no event, has no inputs, no links and no options;
//   - one of a trusted notebook loads files of the served folder, and shows
//     pictures from anywhere, but asks no other address of the server, takes
//     only options that change its look, and finds no element of the page.
//
// Why no frame of another origin: see doc.go of package web.
import { PageConfig } from '@jupyterlab/coreutils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import extension, { VEGA_MIME_TYPE } from '@jupyterlab/vega5-extension';
import '@jupyterlab/vega5-extension/style/index.js';
import { Widget } from '@lumino/widgets';
import type { EmbedOptions, Result, VisualizationSpec } from 'vega-embed';

type Spec = Record<string, unknown>;
type Loader = Extract<EmbedOptions['loader'], { load: unknown }>;

/** Options that a trusted notebook may give, with what their values are. */
const allowed: Record<string, (value: unknown) => boolean> = {
  renderer: value => value === 'svg' || value === 'canvas',
  theme: value => typeof value === 'string',
  config: value => isObject(value),
  width: value => typeof value === 'number',
  height: value => typeof value === 'number',
  padding: value => typeof value === 'number' || isObject(value),
  scaleFactor: value => typeof value === 'number' || isObject(value),
  hover: value => typeof value === 'boolean',
  tooltip: value => typeof value === 'boolean',
  downloadFileName: value => typeof value === 'string'
};

function isObject(value: unknown): value is Spec {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a trusted notebook says about how its chart is drawn. */
function given(metadata: unknown): EmbedOptions {
  const options = isObject(metadata) ? metadata['embed_options'] : undefined;
  if (!isObject(options)) return {};
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => allowed[name]?.(value))
  );
}

/**
 * How charts are drawn unless their metadata says otherwise. As SVG they are sharp
 * at any size, and a screen reader finds what is in them.
 */
const defaults = (): EmbedOptions => ({
  renderer: 'svg',
  // The page's ground: the library's dark theme has a grey of its own.
  config: {
    background: getComputedStyle(document.body)
      .getPropertyValue('--jp-layout-color1')
      .trim()
  }
});

/** What is the same for every chart. Its menu saves pictures; the library's other entries lead to other hosts or to a window of this one. */
const always = (): EmbedOptions => ({
  ast: true,
  defaultStyle: true,
  actions: { export: true, source: false, compiled: false, editor: false },
  ...(document.body.dataset['jpThemeLight'] === 'false' && { theme: 'dark' })
});

/** Where the events of a chart may come from, as Vega's `config.events`: from within itself, and for drags from the window. */
const live = { bind: 'container', selector: false };
const still = {
  bind: 'none',
  view: false,
  window: false,
  selector: false,
  timer: false
};

/** Sets Vega's `config.events`, also in what Vega-Lite has compiled. */
function hears(events: object) {
  return (spec: unknown): never => {
    const vega = spec as Spec;
    const config = isObject(vega['config']) ? vega['config'] : {};
    return { ...vega, config: { ...config, events } } as never;
  };
}

/** Vega's level of a log of errors alone. */
const ERRORS = 1;

const refused = (uri: unknown): never => {
  throw new Error(`${String(uri).slice(0, 100)} is not loaded`);
};

/** Loads nothing; pictures that are part of the chart need no loading. */
const nothing: Loader = {
  load: refused,
  http: refused,
  file: refused,
  sanitize: async (uri: string, options?: { context?: string }) =>
    options?.context === 'image' && isPicture(uri)
      ? ({ href: uri } as never)
      : refused(uri)
} as never;

function isPicture(uri: unknown): boolean {
  return (
    typeof uri === 'string' &&
    /^data:image\/(png|jpeg|gif|webp)[;,]/i.test(uri.trim())
  );
}

/** Loads data of the chart itself and files of the served folder; nothing else of this server, and of others only pictures. */
function folder(resolver: IRenderMime.IResolver | null): Loader {
  const files = new URL(
    PageConfig.getBaseUrl().replace(/\/$/, '') + '/files/',
    location.href
  );
  const sanitize = async (
    uri: string,
    options?: { context?: string }
  ): Promise<{ href: string; target?: string; rel?: string }> => {
    const own = isPicture(uri) || (!options?.context && /^data:/i.test(uri));
    if (own) return { href: uri };
    if (!URL.canParse(uri) && !uri.startsWith('//') && resolver)
      uri = await resolver.getDownloadUrl(await resolver.resolveUrl(uri));
    const url = new URL(uri, location.href);
    if (!/^https?:$/.test(url.protocol)) return refused(uri);
    if (options?.context === 'href')
      return { href: url.href, target: '_blank', rel: 'noopener noreferrer' };
    const beside =
      url.origin === files.origin && url.pathname.startsWith(files.pathname);
    const elsewhere =
      options?.context === 'image' && url.origin !== files.origin;
    return beside || elsewhere ? { href: url.href } : refused(uri);
  };
  const load = async (
    uri: string,
    options?: { response?: 'json' | 'text' | 'arrayBuffer' | 'blob' }
  ): Promise<unknown> => {
    const { href } = await sanitize(uri);
    const answer = await fetch(href, { credentials: 'same-origin' });
    if (!answer.ok) throw new Error(`${uri}: ${answer.status}`);
    return answer[options?.response ?? 'text']();
  };
  return { load, sanitize, http: load, file: refused } as never;
}

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

/** Whether a still picture is less than the chart: it has something to load, to point at or to set. */
function does(spec: unknown): boolean {
  if (typeof spec !== 'object' || spec === null) return false;
  return Object.entries(spec).some(
    ([key, value]) =>
      /^(url|href|tooltip|params|selection|bind|on|events|update)$/.test(key) ||
      (key !== 'values' && does(value))
  );
}

const STILL =
  'A still picture of a chart: this notebook is not trusted, so its charts load no data and take no input. Run the cell, or trust the notebook.';

class Chart extends Widget implements IRenderMime.IRenderer {
  private readonly type: string;
  private readonly resolver: IRenderMime.IResolver | null;
  private result: Result | null = null;

  constructor(options: IRenderMime.IRendererOptions) {
    super();
    this.type = options.mimeType;
    this.resolver = options.resolver;
    this.addClass('jp-RenderedVegaCommon5');
    this.addClass(
      this.type === VEGA_MIME_TYPE ? 'jp-RenderedVega5' : 'jp-RenderedVegaLite'
    );
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const spec = model.data[this.type];
    try {
      await this.draw(model, spec);
    } catch (error) {
      this.node.replaceChildren();
      const text = error instanceof Error ? error.message : String(error);
      this.say(`This chart cannot be drawn: ${text}`);
    }
    this.node
      .querySelector('summary')
      ?.setAttribute('aria-label', 'Save the chart as a picture');
    const others = [...hosts(spec)];
    if (!model.trusted && does(spec)) this.say(STILL);
    else if (others.length)
      this.say(
        `Data from ${others.join(', ')} was not loaded: the page asks no server but its own. ` +
          'Fetch it in a cell, and save it beside the notebook or put it into the chart.'
      );
  }

  private async draw(
    model: IRenderMime.IMimeModel,
    source: unknown
  ): Promise<void> {
    // A text would be the address of a specification.
    if (!isObject(source)) throw new Error('it is no specification');
    // usermeta may have embedding options too.
    const { usermeta: _, ...spec } = source;
    const { trusted } = model;
    const own = trusted ? given(model.metadata[this.type]) : {};
    const options: EmbedOptions = {
      ...defaults(),
      ...own,
      ...always(),
      mode: this.type === VEGA_MIME_TYPE ? 'vega' : 'vega-lite',
      loader: trusted ? folder(this.resolver) : nothing,
      patch: hears(trusted ? live : still),
      // What it is kept from is no warning in the console.
      ...(!trusted && { hover: false, tooltip: false, logLevel: ERRORS })
    };
    const { default: embed } = await import('vega-embed');
    const element = document.createElement('div');
    this.node.replaceChildren(element);
    this.result?.finalize();
    this.result = await embed(element, spec as VisualizationSpec, options);
    if (model.data['image/png']) return;
    // The picture of the chart, for front ends that draw none. The given metadata stays as it is.
    const scale = options.scaleFactor;
    const picture = await this.result.view.toImageURL(
      'png',
      typeof scale === 'number' ? scale : scale?.png
    );
    model.setData({
      data: { ...model.data, 'image/png': picture.split(',')[1] ?? '' }
    });
  }

  override dispose(): void {
    this.result?.finalize();
    this.result = null;
    super.dispose();
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
