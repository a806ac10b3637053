/** Names of the job queues of the image builder. */
export const submitQueue = 'image-templates-submit';
export const deleteQueue = 'image-templates-delete';
