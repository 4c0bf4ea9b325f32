module mlgate.test/peers

go 1.22
