module serin.dev/tests/tools/routers

go 1.26.0

require (
	github.com/kumahq/kuma v1.8.1
	github.com/openservicemesh/osm v1.2.4
	github.com/projectcontour/contour v1.33.8
	github.com/traefik/traefik/v3 v3.7.13
)
