module still

go 1.21
