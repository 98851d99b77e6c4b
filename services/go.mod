module lifeboat.io/services

go 1.26.0

require (
	lifeboat.io/events v0.0.0
	lifeboat.io/pkg v0.0.0
)

require pgregory.net/rapid v1.3.0 // indirect

replace (
	lifeboat.io/events => ../events
	lifeboat.io/pkg => ../pkg
)
