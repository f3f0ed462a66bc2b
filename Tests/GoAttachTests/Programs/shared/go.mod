module shared
go 1.21
