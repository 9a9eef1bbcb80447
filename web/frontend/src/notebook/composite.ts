// The defaults of a setting schema, put into a person's own settings. It is what
// Ajv does with `useDefaults`, without compiling each schema, which takes a fifth
// of the page's start.

/** As much of JSON schema as setting schemas use for their defaults. */
export interface Schema {
  type?: unknown;
  enum?: unknown[];
  default?: unknown;
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
  items?: Schema | Schema[];
  allOf?: Schema[];
  $ref?: string;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Completes data in place with the defaults of its schema; `root` is where references start. */
export function complete(
  schema: Schema,
  data: unknown,
  root: Schema = schema
): void {
  if (typeof schema.$ref === 'string') {
    const target = resolve(schema.$ref, root);
    if (target) complete(target, data, root);
  }
  if (schema.properties && isObject(data)) {
    for (const [name, property] of Object.entries(schema.properties)) {
      if (data[name] === undefined && property.default !== undefined)
        data[name] = structuredClone(property.default);
      if (data[name] !== undefined) complete(property, data[name], root);
    }
  }
  if (schema.items && Array.isArray(data)) {
    if (Array.isArray(schema.items)) {
      schema.items.forEach((item, i) => {
        if (data[i] === undefined && item.default !== undefined)
          data[i] = structuredClone(item.default);
        if (data[i] !== undefined) complete(item, data[i], root);
      });
    } else {
      for (const item of data) complete(schema.items, item, root);
    }
  }
  for (const part of schema.allOf ?? []) complete(part, data, root);
}

/** The schema that "#/definitions/x" names. */
function resolve(ref: string, root: Schema): Schema | undefined {
  if (!ref.startsWith('#/')) return undefined;
  let at: unknown = root;
  for (const part of ref.slice(2).split('/'))
    at = isObject(at) ? at[part] : undefined;
  return at as Schema | undefined;
}

/**
 * Whether a person's settings are plainly right: each is a switch, a number or a
 * text that its schema describes by no more than its type and choices. Anything
 * else has to be looked at by a whole validator.
 */
export function plain(schema: Schema, user: Record<string, unknown>): boolean {
  return Object.entries(user).every(([name, value]) => {
    const property = schema.properties?.[name];
    if (!property || typeof property.type !== 'string') return false;
    const others = Object.keys(property).filter(
      key => !/^(type|enum|default|title|description|\$comment)$/.test(key)
    );
    if (others.length) return false;
    if (property.enum && !property.enum.includes(value)) return false;
    const { type } = property;
    if (type === 'boolean' || type === 'string') return typeof value === type;
    if (type === 'integer') return Number.isInteger(value);
    return type === 'number' && Number.isFinite(value);
  });
}
