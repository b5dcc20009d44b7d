-- luacheck, which `make lint` runs where it is installed.
std = 'luajit'
globals = { 'vim' }
max_line_length = 110
