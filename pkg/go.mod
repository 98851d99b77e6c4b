module lifeboat.io/pkg

go 1.26.0

replace lifeboat.io/events => ../events
