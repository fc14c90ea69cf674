// Variables in texts of tests: what stands in « » is what files have between the dollar with its brace and the closing one.

export const written = (text: string): string => text.replaceAll('«', '${').replaceAll('»', '}');
