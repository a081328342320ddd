export function docsPage(_document: object, _baseUrl: string): string {
  return "";
}
