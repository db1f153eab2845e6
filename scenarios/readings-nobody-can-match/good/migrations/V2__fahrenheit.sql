UPDATE readings SET celsius = celsius * 9 / 5 + 32;
