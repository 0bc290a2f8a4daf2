"""CoreDNS with the plugins that the cluster uses: its configuration, and the program that holds just those.

The whole of CoreDNS has clients of every large cloud in it and takes minutes to compile. It is made to be
built with a choice of plugins by a main package outside of its repository.
"""

PORT = 1053
# By name, in the order in which CoreDNS passes a query on; with the lines of the Corefile.
PLUGINS = {
    "reload": "reload",
    "ready": "ready :8181",
    "health": "health :8080",
    "errors": "errors",
    "cache": "cache 5",
    "kubernetes": "kubernetes cluster.local in-addr.arpa {\n        ttl 5\n    }",
}
COREFILE = "".join([f".:{PORT} {{\n", *(f"    {lines}\n" for lines in PLUGINS.values()), "}\n"])

_MODULE = "github.com/coredns/coredns"
_IMPORTS = "".join(f'import _ "{_MODULE}/plugin/{name}"\n' for name in PLUGINS)
_NAMES = ", ".join(f'"{name}"' for name in PLUGINS)
MAIN = f"""package main

import "{_MODULE}/core/dnsserver"
import "{_MODULE}/coremain"
{_IMPORTS}
func main() {{
	dnsserver.Directives = []string{{{_NAMES}}}
	coremain.Run()
}}
"""
"""The main package, in Go."""
