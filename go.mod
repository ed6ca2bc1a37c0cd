module gridbook

go 1.26
