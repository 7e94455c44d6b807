module wasm-smtp.example/component-go

go 1.19
