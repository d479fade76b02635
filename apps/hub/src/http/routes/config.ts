import { Type } from 'typebox';
import { reloadConfig } from '../../config/reload-config.ts';
import { actOf, type ApiContext, type App } from '../app.ts';

const Setting = Type.Object({
  setting: Type.String({ description: 'As in the configuration file, with dots' }),
  value: Type.Unknown({ description: 'null when it is not set, or secret' }),
  secret: Type.Boolean({ description: 'It is set, and not shown' }),
  reloadable: Type.Boolean({ description: 'Whether a reload puts a new value in force' }),
});

const Reloaded = Type.Object({
  changed: Type.Array(Type.Object({ setting: Type.String(), before: Type.Unknown(), after: Type.Unknown() })),
  needRestart: Type.Array(Type.String(), {
    description: 'Settings that were changed where they are read from, and that only a restart puts in force',
  }),
});

/** The configuration that is in force, and how to read it anew. Nothing of it can be set from here. */
export function configRoutes(app: App, context: ApiContext): void {
  const { settings } = context;
  app.get(
    '/v1/config',
    {
      config: { access: 'config.read' },
      schema: {
        summary: 'Show the configuration that is in force',
        response: { 200: Type.Object({ items: Type.Array(Setting) }) },
      },
    },
    () => ({ items: settings.show() }),
  );

  app.post(
    '/v1/config/reload',
    {
      config: { access: 'config.reload' },
      schema: {
        summary: 'Read the configuration anew, and put what is reloadable in force',
        response: { 200: Reloaded },
      },
    },
    async (request) => {
      const { changed, needRestart } = await reloadConfig(context, actOf(request, context));
      return {
        changed: changed.map(({ setting, before, after }) => ({
          setting,
          before: before ?? null,
          after: after ?? null,
        })),
        needRestart: [...needRestart],
      };
    },
  );
}
