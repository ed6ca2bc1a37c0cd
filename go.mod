module gridbook

go 1.26

// npm packages may carry Go files of their own.
ignore ./frontend/node_modules
