const anything: object = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/**
 * A kind of this group's own, as a CustomResourceDefinition: namespaced Widgets, `v1`.
 *
 * @param schema their OpenAPI schema; anything goes by default
 * @param labels of the definition
 */
export const widgetCrd = (group: string, schema = anything, labels?: Record<string, string>) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${group}`, ...(labels ? { labels } : {}) },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
});
