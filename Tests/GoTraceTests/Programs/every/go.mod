module every

go 1.22
