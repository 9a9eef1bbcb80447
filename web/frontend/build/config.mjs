// The rspack configuration. Two entries: the start page, which must not pull in
// JupyterLab, and the notebook page.
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rspack } from '@rspack/core';
import svgToDataUri from 'mini-svg-data-uri';

const require = createRequire(import.meta.url);
export const root = path.resolve(
  path.dirname(fileURLToPath(import.meta.url)),
  '..'
);

/** Builds with a configuration and returns rspack's account of it; errors end the program. */
export async function compile(options) {
  const compiler = rspack(options);
  const stats = await new Promise((resolve, reject) =>
    compiler.run((error, stats) => {
      if (error) return reject(error);
      compiler.close(closing => (closing ? reject(closing) : resolve(stats)));
    })
  );
  if (stats.hasErrors()) {
    console.error(stats.toString('errors-warnings'));
    process.exit(1);
  }
  return stats;
}

/**
 * The configuration for one build.
 *
 * @param {{ output: string, mode: 'production' | 'development' }} options -
 *   `output` is an absolute folder; its files are named by their content.
 */
export function config({ output, mode }) {
  return {
    context: root,
    mode,
    target: ['web', 'es2022'],
    devtool: mode === 'development' ? 'cheap-module-source-map' : false,
    entry: {
      start: './src/start/main.ts',
      notebook: './src/notebook/main.ts'
    },
    output: {
      path: output,
      // Resolved from the address of the running script, so the page does not
      // have to know the base URL of its server.
      publicPath: 'auto',
      filename: '[name].[contenthash:10].js',
      chunkFilename: '[name].[contenthash:10].js',
      assetModuleFilename: '[name].[contenthash:10][ext]',
      cssFilename: '[name].[contenthash:10].css',
      hashFunction: 'xxhash64',
      uniqueName: 'poolbook'
    },
    optimization: {
      moduleIds: 'deterministic',
      chunkIds: 'deterministic',
      realContentHash: true,
      splitChunks: {
        chunks: 'all',
        maxInitialRequests: 8,
        cacheGroups: {
          default: false,
          defaultVendors: false,
          // The libraries of the first screen, in pieces that a browser can
          // fetch and compile side by side.
          editor: {
            test: /[\\/]node_modules[\\/](@codemirror|@lezer|style-mod|crelt|w3c-keyname)[\\/]/,
            name: 'editor',
            chunks: 'initial',
            priority: 3
          },
          platform: {
            test: /[\\/]node_modules[\\/](react|react-dom|scheduler|@lumino|@microsoft|yjs|lib0|@jupyter)[\\/]/,
            name: 'platform',
            chunks: 'initial',
            priority: 2
          },
          shared: {
            minChunks: 2,
            chunks: 'async',
            minSize: 20000,
            reuseExistingChunk: true
          }
        }
      }
    },
    resolve: {
      extensions: ['.ts', '.js'],
      alias: {
        // A layout of diagrams that is as large as all others, and an icon font nothing here uses.
        '@mermaid-js/layout-elk': false,
        // The connection to language servers, which the page has no plugin for.
        'vscode-ws-jsonrpc': false,
        '@fortawesome/fontawesome-free': path.join(root, 'build/empty')
      },
      fallback: {
        path: require.resolve('path-browserify'),
        process: false,
        crypto: false,
        buffer: false,
        stream: false,
        url: false,
        util: false,
        fs: false
      }
    },
    module: {
      rules: [
        {
          test: /\.ts$/,
          loader: 'builtin:swc-loader',
          options: {
            jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }
          },
          type: 'javascript/auto'
        },
        { test: /\.m?js$/, resolve: { fullySpecified: false } },
        { test: /\.raw\.css$/, type: 'asset/source' },
        {
          test: /\.css$/,
          resourceQuery: /text/,
          type: 'javascript/auto',
          use: [{ loader: 'css-loader', options: { exportType: 'string' } }]
        },
        {
          test: /\.css$/,
          exclude: /\.raw\.css$/,
          resourceQuery: { not: /text/ },
          type: 'javascript/auto',
          use: [rspack.CssExtractRspackPlugin.loader, 'css-loader']
        },
        { test: /\.md$/, type: 'asset/source' },
        { test: /\.(jpg|png|gif|woff2?|ttf|eot)$/, type: 'asset/resource' },
        {
          test: /\.svg$/,
          issuer: /\.css$/,
          type: 'asset/inline',
          generator: { dataUrl: content => svgToDataUri(content.toString()) }
        },
        { test: /\.svg$/, issuer: /\.[jt]s$/, type: 'asset/source' }
      ]
    },
    plugins: [
      new rspack.NormalModuleReplacementPlugin(
        /theme\/applyTheme\.js$/,
        path.join(root, 'src/notebook/theming.js')
      ),
      new rspack.NormalModuleReplacementPlugin(
        /\/kernelfilestypes$/,
        path.join(root, 'src/notebook/filetypes.ts')
      ),
      new rspack.DefinePlugin({
        process: '({cwd:()=>"/",env:{},platform:"browser"})',
        __dirname: '"/"'
      }),
      new rspack.CssExtractRspackPlugin({
        filename: '[name].[contenthash:10].css',
        chunkFilename: '[name].[contenthash:10].css',
        ignoreOrder: true
      })
    ],
    performance: false,
    stats: 'errors-warnings'
  };
}

/** The configuration of the script of exported pages: one file that needs no other. */
export function formulas({ output, mode }) {
  const base = config({ output, mode });
  return {
    ...base,
    devtool: false,
    entry: { formulas: './src/formulas/main.ts' },
    output: { ...base.output, filename: '[name].js' },
    optimization: { ...base.optimization, splitChunks: false }
  };
}
