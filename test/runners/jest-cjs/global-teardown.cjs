module.exports = () => globalThis.tearDownPostgres();
