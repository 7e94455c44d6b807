/* The bindings want an object file that carries the component's type; the build embeds the type into
 * the module instead (wasm-tools component embed). */
void __component_type_object_force_link_smtp(void);
void __component_type_object_force_link_guest(void);

void __component_type_object_force_link_smtp(void)
{
}

void __component_type_object_force_link_guest(void)
{
}
