module mpgtop

go 1.27
