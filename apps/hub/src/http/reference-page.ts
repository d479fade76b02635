/** The parts of an OpenAPI document that the reference page shows. */
interface Description {
  readonly info?: { readonly title?: string; readonly version?: string; readonly description?: string };
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: unknown;
  }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> };
  readonly responses?: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> }>
  >;
}

export const REFERENCE_STYLE = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem;border-top:1px solid #8884;padding-top:1rem;font-size:1.1rem}code,pre{font:13px/1.4 ui-monospace,monospace}
pre{background:#8881;padding:.7rem;overflow-x:auto;border-radius:4px}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0}b.method{display:inline-block;min-width:4.5rem}nav li{list-style:none}nav ul{padding:0}`;

/** The reference of the API as one page without scripts, made of its OpenAPI document. */
export function referencePage(description: object): string {
  const { info = {}, paths = {}, components } = description as Description;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods ?? {}).map(([method, operation]) => ({ method, path, operation: operation as Operation })),
  );
  const links = operations.map(
    ({ method, path, operation }) =>
      `<li><a href="#${escaped(operation.operationId ?? '')}"><b class="method">${escaped(method.toUpperCase())}</b> <code>${escaped(path)}</code></a> ${escaped(operation.summary ?? '')}</li>`,
  );
  const schemas = Object.entries(components?.schemas ?? {}).map(
    ([name, schema]) => `<h2 id="schema-${escaped(name)}">${escaped(name)}</h2>${schemaBlock(schema)}`,
  );
  const title = `${info.title ?? 'API'} ${info.version ?? ''}`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>${REFERENCE_STYLE}</style>
<h1>${escaped(title)}</h1><p>${escaped(info.description ?? '')}</p><p>For programs: <a href="/openapi.json">/openapi.json</a></p>
<nav><ul>${links.join('\n')}</ul></nav>
${operations.map(operationSection).join('\n')}
<h1>Schemas</h1>${schemas.join('\n')}</html>\n`;
}

function operationSection({
  method,
  path,
  operation,
}: {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}): string {
  const { operationId = '', summary = '', description = '', parameters = [], requestBody, responses = {} } = operation;
  const rows = parameters.map(
    ({ name, in: where, required, description: what = '', schema }) =>
      `<tr><td><code>${escaped(name)}</code></td><td>${escaped(where)}${required === true ? ', required' : ''}</td><td>${escaped(what)} <code>${escaped(JSON.stringify(schema ?? {}))}</code></td></tr>`,
  );
  const answers = Object.entries(responses).map(
    ([status, { content = {} }]) =>
      `<h4>${escaped(status)}</h4>${Object.values(content)
        .map(({ schema }) => schemaBlock(schema))
        .join('')}`,
  );
  return `<section id="${escaped(operationId)}"><h2><b class="method">${escaped(method.toUpperCase())}</b> <code>${escaped(path)}</code></h2>
<p>${escaped(summary)}</p><p>${escaped(description)}</p>
${rows.length === 0 ? '' : `<table>${rows.join('')}</table>`}
${
  requestBody === undefined
    ? ''
    : `<h4>Body</h4>${Object.values(requestBody.content ?? {})
        .map(({ schema }) => schemaBlock(schema))
        .join('')}`
}
${answers.join('')}</section>`;
}

/** A schema as JSON, with references that lead to where they are explained. */
function schemaBlock(schema: unknown): string {
  const text = escaped(JSON.stringify(schema ?? {}, undefined, 2));
  return `<pre>${text.replaceAll(/#\/components\/schemas\/(\w+)/g, '<a href="#schema-$1">$1</a>')}</pre>`;
}

/** Text as HTML, also inside attributes. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
