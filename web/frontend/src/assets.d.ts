declare module '*.css';
declare module '*.css?text' {
  const text: string;
  export default text;
}
declare module '*.svg' {
  const text: string;
  export default text;
}
declare module '@jupyterlab/*/style/index.js';
declare module '*/generated/schemas.json' {
  const schemas: { [id: string]: { schema: object; version: string } };
  export default schemas;
}
